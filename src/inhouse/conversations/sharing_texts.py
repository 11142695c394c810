"""What owner and fan agree to, word for word. A version never changes: other words are another version, and who agreed to
the old ones is asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Purpose = Literal["shared-generation"]
PURPOSE: Purpose = "shared-generation"
#: The version that is asked now. The first spoke of teaching only; the second speaks of asking again, too.
VERSION = 2

Who = Literal["owner", "fan"]
_OWNER_EN_1 = """\
May questions that this AI is asked be used to teach the shared base model?

If you agree, and only for fans who agree too: what they ask from then on, what was asked and answered before it in the same conversation, which tool was asked with which words, how that ended, and thumbs and corrections may go into data sets that the next shared model learns from. All AIs of this installation use that model, and it may be given to others.

Names, addresses, phone numbers, e-mail addresses, links and handles that name people, card, account and order numbers are taken out first, by a program. It does not find everything. In our own test it took out 99 of 100 where the words say what they are (“my name is …”, “order 48213”), and almost nothing where they don’t: a name or a place that is merely mentioned stays in. It does not know what is private for other reasons.

It is off unless you switch it on, and you can switch it off at any time. From then on nothing more is taken. You are told which data sets hold questions from before; they are marked so that they are left out of later trainings. A model that has already learnt from them can't unlearn."""

_OWNER_JA_1 = """\
このAIへの質問を、共有の基盤モデルの学習に使ってもよいですか？

あなたが同意し、さらにファン本人も同意した場合に限り、同意後の質問、同じ会話の中でその前に交わされた質問と回答、どのツールにどの言葉で問い合わせたか、その結果、評価と訂正が、次の共有モデルの学習データに入ることがあります。このモデルはこのサーバーのすべてのAIが使い、他の人に渡されることもあります。

名前、住所、電話番号、メールアドレス、人を特定するリンクやアカウント名、カード・口座・注文の番号は、先にプログラムが取り除きます。すべては見つけられません。私たちの試験では、何であるかが言葉で示されている場合（「名前は…」「注文番号48213」など）は100件中99件を取り除きましたが、示されていない場合はほとんど取り除けませんでした。話の中に出てくるだけの人名や場所は残ります。ほかの理由で秘密にしたい内容は、プログラムには分かりません。

オンにしない限りオフで、いつでもオフにできます。オフにすると、それ以降は何も使われません。以前の質問がどのデータに入ったかをお知らせし、以後の学習から外すよう印を付けます。すでに学習したモデルに忘れさせることはできません。"""

_FAN_EN_1 = """\
May what you ask here be used to teach the shared base model?

If you agree, what you ask from now on, what was said before it in the same conversation since you agreed, which tool was asked with which words, how that ended, and your thumbs may go into data sets that the next shared model learns from. Many other AIs use that model, and it may be given to others.

Names, addresses, phone numbers, e-mail addresses, links and handles that name people, card, account and order numbers are taken out first, by a program. It does not find everything. In our own test it took out 99 of 100 where the words say what they are (“my name is …”, “order 48213”), and almost nothing where they don’t: a name or a place that is merely mentioned stays in. Don't agree if you write about what nobody else should read.

It is off unless you switch it on. Nothing here changes if you don't. You can switch it off, or erase your data, at any time: from then on nothing more is taken, and you are told which data sets hold something of yours; they are marked so that it is left out of later trainings. A model that has already learnt from it can't unlearn."""

_FAN_JA_1 = """\
ここでの質問を、共有の基盤モデルの学習に使ってもよいですか？

同意すると、これからの質問、同意後に同じ会話の中でその前に交わされたやりとり、どのツールにどの言葉で問い合わせたか、その結果、あなたの評価が、次の共有モデルの学習データに入ることがあります。このモデルは多くのAIが使い、他の人に渡されることもあります。

名前、住所、電話番号、メールアドレス、人を特定するリンクやアカウント名、カード・口座・注文の番号は、先にプログラムが取り除きます。すべては見つけられません。私たちの試験では、何であるかが言葉で示されている場合（「名前は…」「注文番号48213」など）は100件中99件を取り除きましたが、示されていない場合はほとんど取り除けませんでした。話の中に出てくるだけの人名や場所は残ります。人に読まれたくないことを書く場合は、同意しないでください。

オンにしない限りオフで、オフのままでも何も変わりません。いつでもオフにしたり、データを消したりできます。それ以降は何も使われず、あなたの言葉がどのデータに入っているかをお知らせし、以後の学習から外すよう印を付けます。すでに学習したモデルに忘れさせることはできません。"""

_OWNER_EN_2 = """\
May questions that this AI is asked be used to make the shared base model better?

If you agree, and only for fans who agree too: what they ask from then on, what was asked and answered before it in the same conversation, which tool was asked with which words, how that ended, and thumbs and corrections may go into data sets that the next shared model learns from. All AIs of this installation use that model, and it may be given to others.

The same questions may also be asked again on this installation, by a program, to compare models and settings. Your AI then answers as it answers a fan, knowing what was said before; its tools that only look something up may be called for it, or called again with the same words. Of those answers no words are kept, only figures such as how often it knew an answer and how long that took; nobody is shown them, and they count against no fan's limits.

Names, addresses, phone numbers, e-mail addresses, links and handles that name people, card, account and order numbers are taken out first, by a program. It does not find everything. In our own test it took out 99 of 100 where the words say what they are (“my name is …”, “order 48213”), and almost nothing where they don’t: a name or a place that is merely mentioned stays in. It does not know what is private for other reasons.

It is off unless you switch it on, and you can switch it off at any time. From then on nothing more is taken, and nothing is asked again. You are told which data sets hold questions from before; they are marked so that they are left out of later trainings. A model that has already learnt from them can't unlearn."""

_OWNER_JA_2 = """\
このAIへの質問を、共有の基盤モデルをよくするために使ってもよいですか？

あなたが同意し、さらにファン本人も同意した場合に限り、同意後の質問、同じ会話の中でその前に交わされた質問と回答、どのツールにどの言葉で問い合わせたか、その結果、評価と訂正が、次の共有モデルの学習データに入ることがあります。このモデルはこのサーバーのすべてのAIが使い、他の人に渡されることもあります。

同じ質問を、モデルや設定を比べるために、プログラムがこのサーバーでもう一度たずねることもあります。そのときAIは、それまでのやりとりをふまえて、ファンに答えるときと同じように答えます。調べるだけのツールを呼んだり、同じ言葉でもう一度呼んだりすることもあります。その回答の言葉は残さず、答えられた割合やかかった時間などの数字だけを残します。回答は誰にも見せず、ファンの利用の上限にも数えません。

名前、住所、電話番号、メールアドレス、人を特定するリンクやアカウント名、カード・口座・注文の番号は、先にプログラムが取り除きます。すべては見つけられません。私たちの試験では、何であるかが言葉で示されている場合（「名前は…」「注文番号48213」など）は100件中99件を取り除きましたが、示されていない場合はほとんど取り除けませんでした。話の中に出てくるだけの人名や場所は残ります。ほかの理由で秘密にしたい内容は、プログラムには分かりません。

オンにしない限りオフで、いつでもオフにできます。オフにすると、それ以降は何も使われず、もう一度たずねることもありません。以前の質問がどのデータに入ったかをお知らせし、以後の学習から外すよう印を付けます。すでに学習したモデルに忘れさせることはできません。"""

_FAN_EN_2 = """\
May what you ask here be used to make the shared base model better?

If you agree, what you ask from now on, what was said before it in the same conversation since you agreed, which tool was asked with which words, how that ended, and your thumbs may go into data sets that the next shared model learns from. Many other AIs use that model, and it may be given to others.

What you ask may also be asked again on this installation, by a program, to compare models and settings. The AI then answers as it answers you, knowing what was said before; its tools that only look something up may be called for it, or called again with the same words. Of those answers no words are kept, only figures such as how often it knew an answer and how long that took; nobody is shown them, and they count against none of your limits.

Names, addresses, phone numbers, e-mail addresses, links and handles that name people, card, account and order numbers are taken out first, by a program. It does not find everything. In our own test it took out 99 of 100 where the words say what they are (“my name is …”, “order 48213”), and almost nothing where they don’t: a name or a place that is merely mentioned stays in. Don't agree if you write about what nobody else should read.

It is off unless you switch it on. Nothing here changes if you don't. You can switch it off, or erase your data, at any time: from then on nothing more is taken and nothing is asked again, and you are told which data sets hold something of yours; they are marked so that it is left out of later trainings. A model that has already learnt from it can't unlearn."""

_FAN_JA_2 = """\
ここでの質問を、共有の基盤モデルをよくするために使ってもよいですか？

同意すると、これからの質問、同意後に同じ会話の中でその前に交わされたやりとり、どのツールにどの言葉で問い合わせたか、その結果、あなたの評価が、次の共有モデルの学習データに入ることがあります。このモデルは多くのAIが使い、他の人に渡されることもあります。

同じ質問を、モデルや設定を比べるために、プログラムがこのサーバーでもう一度たずねることもあります。そのときAIは、それまでのやりとりをふまえて、あなたに答えるときと同じように答えます。調べるだけのツールを呼んだり、同じ言葉でもう一度呼んだりすることもあります。その回答の言葉は残さず、答えられた割合やかかった時間などの数字だけを残します。回答は誰にも見せず、あなたの利用の上限にも数えません。

名前、住所、電話番号、メールアドレス、人を特定するリンクやアカウント名、カード・口座・注文の番号は、先にプログラムが取り除きます。すべては見つけられません。私たちの試験では、何であるかが言葉で示されている場合（「名前は…」「注文番号48213」など）は100件中99件を取り除きましたが、示されていない場合はほとんど取り除けませんでした。話の中に出てくるだけの人名や場所は残ります。人に読まれたくないことを書く場合は、同意しないでください。

オンにしない限りオフで、オフのままでも何も変わりません。いつでもオフにしたり、データを消したりできます。それ以降は何も使われず、もう一度たずねることもありません。あなたの言葉がどのデータに入っているかをお知らせし、以後の学習から外すよう印を付けます。すでに学習したモデルに忘れさせることはできません。"""

_TEXTS: Mapping[tuple[int, Who, str], str] = MappingProxyType(
    {
        (1, "owner", "en"): _OWNER_EN_1,
        (1, "owner", "ja"): _OWNER_JA_1,
        (1, "fan", "en"): _FAN_EN_1,
        (1, "fan", "ja"): _FAN_JA_1,
        (2, "owner", "en"): _OWNER_EN_2,
        (2, "owner", "ja"): _OWNER_JA_2,
        (2, "fan", "en"): _FAN_EN_2,
        (2, "fan", "ja"): _FAN_JA_2,
    }
)


def text(who: Who, language: str, version: int = VERSION) -> tuple[str, ...]:
    """The paragraphs that somebody reads, the question first; in English where the language has none."""
    said = _TEXTS.get((version, who, language)) or _TEXTS[version, who, "en"]
    return tuple(said.split("\n\n"))
