/* Several adapters in one batch: each row keeps only what its own adapter adds to it.
 *
 * llama.cpp adds every adapter of a context to every row of a batch: row + B1(A1 row) + B2(A2 row) + ... Between A and
 * B there are a few numbers a row (the rank). This callback, which llama.cpp calls between the nodes of its graph, sets
 * them to zero in the rows of other adapters, and B makes exact zeros of them.
 *
 * Which adapter a node belongs to is told by the buffer that holds its weights; LEARN notes an adapter's buffers while
 * it computes alone. The layout of a tensor is that of the pinned library, and PROBE checks it. See mixing.py.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { OFF, PROBE, LEARN, MIX };
enum { MOST_BUFFERS = 256, NOBODY = -2 };

struct tensor { /* struct ggml_tensor */
    int32_t type;
    void *buffer;
    int64_t ne[4];
    size_t nb[4];
    int32_t op, op_params[16], flags;
    struct tensor *src[10], *view_src;
    size_t view_offs;
    void *data;
    char name[64];
};

struct mixing { /* _State in mixing.py */
    int32_t mode, rows, outputs, buffers;
    int32_t sound; /* PROBE: the layout is as expected; LEARN: can be mixed; MIX: every node was understood */
    const int32_t *row_owners, *output_owners;
    void *buffer[MOST_BUFFERS];
    int32_t owner[MOST_BUFFERS];
};

static bool is_inner(const struct tensor *node) {
    const char end[] = ".lora_a";
    const struct tensor *weights = node->src[0];
    size_t length = weights ? strnlen(weights->name, sizeof weights->name) : 0;
    return length >= sizeof end - 1 && !memcmp(weights->name + length - (sizeof end - 1), end, sizeof end - 1);
}

static void probe(struct mixing *state, const struct tensor *node) {
    if (!memcmp(node->name, "result_output", 14))
        state->sound = node->type == 0 && node->ne[1] == state->outputs && node->ne[2] == 1 && node->nb[0] == 4 &&
                       node->nb[1] == 4 * (size_t)node->ne[0] && node->data != NULL;
}

static int find(const struct mixing *state, const void *buffer) {
    int at = 0;
    while (at < state->buffers && state->buffer[at] != buffer)
        at++;
    return at;
}

/* The owners of a node's rows; the last layer computes only the rows whose output is wanted. */
static const int32_t *owners(const struct mixing *state, const struct tensor *node) {
    if (node->type != 0 || node->ne[2] != 1 || node->ne[3] != 1)
        return NULL;
    return node->ne[1] == state->rows      ? state->row_owners
           : node->ne[1] == state->outputs ? state->output_owners
                                           : NULL;
}

static void learn(struct mixing *state, const struct tensor *node) {
    int at = find(state, node->src[0]->buffer);
    if (at == MOST_BUFFERS || !owners(state, node))
        state->sound = false;
    else if (at == state->buffers)
        state->buffer[state->buffers++] = node->src[0]->buffer;
}

static void mask(struct mixing *state, const struct tensor *node) {
    int at = find(state, node->src[0]->buffer);
    int32_t owner = at < state->buffers ? state->owner[at] : NOBODY;
    const int32_t *rows = owners(state, node);
    if (owner == NOBODY || !rows) {
        state->sound = false;
        return;
    }
    for (int64_t row = 0; row < node->ne[1]; row++)
        if (rows[row] != owner)
            memset((char *)node->data + row * node->nb[1], 0, node->ne[0] * sizeof(float));
}

/* ggml_backend_sched_eval_callback: asked of each node before it is computed, and told after it where it said yes. */
bool inhouse_mix(struct tensor *node, bool ask, void *data) {
    struct mixing *state = data;
    if (state->mode == PROBE)
        probe(state, node);
    if (state->mode < LEARN || !is_inner(node))
        return !ask;
    if (state->mode == LEARN) {
        learn(state, node);
        return !ask;
    }
    if (!ask)
        mask(state, node);
    return true;
}
