"""Follow-ups are searched with what they point back to; new subjects are not."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from inhouse.content.followup import points_back, standalone


@dataclass(frozen=True)
class Said:
    question: str
    answer: str


MUG = Said("Do you sell the Moon mug in blue?", "Yes, the Moon mug comes in blue and in ash grey.")
NEWEST = Said("What is your newest piece?", "My newest piece is the Harbour Vase, thrown in March.")
MUG_JA = Said("月のマグカップは青色もありますか？", "はい、月のマグカップは青と灰色があります。")
NEWEST_JA = Said("一番新しい作品は何ですか？", "「港の花瓶」です。三月に作りました。")

#: Earlier exchange, question, words that the search must hold.
POINTING = [
    (MUG, "Why not from the fridge?", ["Moon", "mug"]),
    (MUG, "how much for two?", ["Moon", "mug"]),
    (MUG, "How much is it?", ["Moon", "mug"]),
    (MUG, "and how much does it cost?", ["Moon", "mug"]),
    (MUG, "what about the red one?", ["red", "Moon", "mug"]),
    (MUG, "How about in green?", ["green", "mug"]),
    (MUG, "Is that dishwasher safe?", ["dishwasher", "mug"]),
    (MUG, "Are they dishwasher safe?", ["dishwasher", "mug"]),
    (MUG, "How big?", ["big", "mug"]),
    (MUG, "Why?", ["mug"]),
    (MUG, "tell me more", ["mug"]),
    (MUG, "And to Canada?", ["Canada", "mug"]),
    (MUG, "Can I put those in the microwave?", ["microwave", "mug"]),
    (MUG, "how much?", ["mug"]),
    (NEWEST, "How much is it?", ["Harbour Vase"]),
    (NEWEST, "When did you make that one?", ["Harbour Vase"]),
    (NEWEST, "What is its glaze?", ["glaze", "Harbour Vase"]),
    (MUG_JA, "それはいくらですか？", ["月", "マグカップ"]),
    (MUG_JA, "いくら？", ["マグカップ"]),
    (MUG_JA, "赤は？", ["赤", "マグカップ"]),
    (MUG_JA, "じゃあ緑は？", ["緑", "マグカップ"]),
    (MUG_JA, "その大きさを教えてください", ["大", "マグカップ"]),
    (MUG_JA, "なぜですか？", ["マグカップ"]),
    (NEWEST_JA, "それは食洗機で洗えますか？", ["食洗機", "港の花瓶"]),
]
STANDING = [
    "How long is delivery?",
    "How much is the Fold Mug?",
    "How many students are in a class?",
    "How long does shipping take?",
    "Do you ship to Canada?",
    "How long does it take to ship to France?",
    "Is it true that you fire with wood?",
    "What are your opening hours this week?",
    "How much does the Harbour Vase cost?",
    "Where is your studio?",
    "Do you give pottery lessons for children?",
    "Which clay do you recommend for beginners?",
    "Are there discounts for students?",
    "Who taught you to throw?",
    "カナダへの発送はできますか？",
    "工房はどこにありますか？",
    "子供向けの陶芸教室はありますか？",
    "営業時間を教えてください",
    "初心者にはどの粘土がおすすめですか？",
]


@pytest.mark.parametrize(("earlier", "question", "wanted"), POINTING, ids=lambda value: str(value)[:24])
def test_a_follow_up_gets_what_it_points_back_to(earlier: Said, question: str, wanted: list[str]) -> None:
    made = standalone(question, [earlier])
    assert made.startswith(question)
    assert all(word in made for word in wanted), made


@pytest.mark.parametrize("question", STANDING)
def test_a_question_that_stands_by_itself_is_left_alone(question: str) -> None:
    assert not points_back(question)
    assert standalone(question, [MUG, NEWEST]) == question


def test_without_history_nothing_is_added() -> None:
    assert standalone("How much is it?", []) == "How much is it?"


def test_a_chain_of_follow_ups_reaches_back_to_its_subject() -> None:
    history = [
        Said("Tell me about the Moon mug", "It is thrown by hand."),
        Said("How much is it?", "24 euros."),
    ]
    assert "Moon" in standalone("And is it dishwasher safe?", history)


def test_an_old_subject_does_not_come_back() -> None:
    history = [Said("Do you sell plates?", "Yes."), Said("Where is your studio?", "In Leith.")]
    made = standalone("When is it open?", history)
    assert "studio" in made
    assert "plates" not in made


def test_a_long_history_adds_a_bounded_number_of_words() -> None:
    history = [Said(" ".join(f"word{at}x{n}" for at in range(300)), "x " * 9000) for n in range(50)]
    assert len(standalone("How much is it?", history).split()) < 25


#: Written before the rules were run on them; what the rules still get wrong is not hidden but counted.
MORE_POINTING = """
does it leak?
Can you gift wrap them?
and shipping?
what colours does that come in?
who is she?
when was this written?
what else did he say about that?
is there a cheaper one?
do you have others?
which is the biggest?
what's the difference between the two?
could you explain?
why not?
is it waterproof too?
any other sizes?
so is it sold out?
in other words?
where can I buy one?
how long will it last?
did you make them yourself?
もっと安いのはありますか？
それって本当？
色違いはある？
送料は？
いつ届きますか？
彼女は誰ですか？
その後どうなりましたか？
サイズは？
じゃあ、いつですか？
詳しく教えて
Does that include VAT?
And the fee?
where was it made?
What happened next?
Do they ship worldwide?
how do I apply for it?
what if I cancel?
is the smaller one in stock?
Who made these?
what does that mean?
ok, and the price?
does it come with a lid?
他には？
それはどこで買えますか？
値段は？
何色がありますか？
誰が作ったのですか？
その人は何をしましたか？
もう少し詳しくお願いします
いつまでですか？
Is it heavy?
what about for kids?
how many are left?
And when does that start?
Could I get one by Friday?
who else was there?
what did he do after the war?
is that the same as the old one?
do they have to be paid every month?
and in winter?
それの重さは？
他の色もありますか？
どうしてそうなったのですか？
いつからですか？
子供でも使えますか？
"""
MORE_STANDING = """
What do you think about AI art?
Can I return a broken plate?
Do you accept credit cards?
What is a tyrant?
Who wrote Hamlet?
how do I reset my online banking password
What happens if I miss a loan payment?
Is there parking near the studio?
Do you have a newsletter?
I lost my debit card, what should I do?
What does the word 'love' mean to you?
Define patience
What is the interest rate of the gold card?
Can a minor open a savings account?
How old is the Amazon rainforest?
Does the shop open on Sundays?
What did Bierce say about lawyers?
How is porcelain fired?
thanks for that! do you also sell teapots?
What time is it in Tokyo?
クレジットカードは使えますか？
皿が割れて届いたら返品できますか？
梅雨がないのはどこですか？
富士山の高さは？
パスワードを忘れました
駐車場はありますか？
愛とは何ですか？
織田信長は誰に殺されたか？
ローンの金利はいくらですか？
日曜日も開いていますか？
What is the annual fee of the platinum card?
Do you sell vases taller than 30 cm?
What did the Normans give their name to?
How many people live in Warsaw?
Can I visit the studio on Saturday?
What is the best clay for beginners?
My parcel arrived broken. What should I do?
Do you offer repairs?
What is a lawyer?
How do I close my account?
Which glaze is food safe?
Is the cafe wheelchair accessible?
ポーランドの首都はどこですか？
送料はいくらですか？
口座を閉じるにはどうすればいいですか？
陶芸を始めたきっかけは何ですか？
一番人気の商品は何ですか？
ギフト包装はできますか？
新幹線が開業したのはいつか？
注文をキャンセルしたいです
Is the Harbour Vase heavy?
Where can I see your work in person?
What is the difference between stoneware and porcelain?
How long does the warranty last?
Which card has no foreign transaction fee?
When did the Black Death arrive in Norway?
What is faith?
Are your glazes lead free?
Can you ship a vase to Japan by Friday?
who is the president of France
食洗機で使える器はどれですか？
釉薬に鉛は含まれますか？
東京タワーの高さは何メートルですか？
教室の予約方法を教えて
返品の期限は何日ですか？
"""


def test_most_other_phrasings_are_told_apart_too() -> None:
    pointing = [points_back(line) for line in MORE_POINTING.strip().splitlines()]
    standing = [points_back(line) for line in MORE_STANDING.strip().splitlines()]
    assert sum(pointing) / len(pointing) >= 0.95
    assert sum(standing) / len(standing) <= 0.05
