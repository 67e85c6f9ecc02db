/*
 * Answers on their way back. All batches of one loop that end together travel
 * behind one letter, so a commit of five hundred wakes a loop once.
 */
#include "storage/batch.h"

static void deliver(struct letter *letter)
{
    /* The letter is the batch's first member. */
    struct db_batch *batch = (struct db_batch *)(void *)letter;
    while (batch != NULL) {
        struct db_batch *next = batch->next; /* done may free the batch */
        batch->next = NULL;
        batch->done(batch, batch->err);
        batch = next;
    }
}

static size_t place_of(const struct answers *answers, const struct loop *loop)
{
    for (size_t i = 0; i < answers->count; i++) {
        if (answers->loops[i] == loop) {
            return i;
        }
    }
    return answers->count;
}

void answers_add(struct answers *answers, struct db_batch *batch)
{
    size_t i = place_of(answers, batch->loop);
    batch->next = NULL;
    if (i < answers->count) {
        answers->last[i]->next = batch;
        answers->last[i] = batch;
        return;
    }
    if (i == ANSWER_LOOPS_MAX) {
        answers_post(answers);
        i = 0;
    }
    answers->loops[i] = batch->loop;
    answers->first[i] = answers->last[i] = batch;
    answers->count = i + 1;
}

void answers_post(struct answers *answers)
{
    for (size_t i = 0; i < answers->count; i++) {
        struct letter *letter = &answers->first[i]->letter;
        letter->deliver = deliver;
        loop_post_answer(answers->loops[i], letter);
    }
    answers->count = 0;
}
