#include "host/crypto/password.h"

#include "host/base/check.h"
#include "host/base/err.h"
#include "host/base/mem.h"
#include "host/crypto/crypto.h"
#include "host/loop/work.h"

#include <sodium.h>
#include <string.h>

_Static_assert(PASSWORD_HASH_SIZE == crypto_pwhash_STRBYTES, "hash");
_Static_assert(PASSWORD_MEMORY_KIB_MIN * 1024 >= crypto_pwhash_MEMLIMIT_MIN, "memory");

struct password_job {
    struct work work; /* first: run and finish cast it back */
    password_done done;
    void *ctx;
    int err;
    struct password_options options;
    size_t password_len;
    char password[PASSWORD_BYTES_MAX];
    char hash[PASSWORD_HASH_SIZE];
};

static void job_free(struct password_job *job)
{
    crypto_wipe(job, sizeof(*job));
    mem_free(job);
}

static void hash_run(struct work *work)
{
    struct password_job *job = (struct password_job *)work;
    int failed =
        crypto_pwhash_str_alg(job->hash, job->password, job->password_len, job->options.passes,
                              (size_t)job->options.memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13);
    job->err = failed ? ERR_NOMEM : 0; /* its only way to fail in these ranges */
    if (failed) {
        job->hash[0] = '\0';
    }
}

/* Reads "name=digits" and the character that ends it. */
static bool read_parameter(const char **at, const char *name, char end, uint32_t *value)
{
    size_t name_len = strlen(name);
    if (strncmp(*at, name, name_len) != 0) {
        return false;
    }
    const char *digit = *at + name_len;
    uint32_t read = 0;
    unsigned count = 0;
    for (; *digit >= '0' && *digit <= '9' && count < 9; digit++, count++) {
        read = read * 10 + (uint32_t)(*digit - '0');
    }
    if (count == 0 || *digit != end) {
        return false;
    }
    *value = read;
    *at = digit + 1;
    return true;
}

/* libsodium takes time and memory as the hash says, so the hash is looked at first. */
static bool hash_is_affordable(const char *hash)
{
    static const char start[] = "$argon2id$v=19$";
    uint32_t memory_kib = 0;
    uint32_t passes = 0;
    uint32_t lanes = 0;
    if (strncmp(hash, start, sizeof(start) - 1) != 0) {
        return false;
    }
    const char *at = hash + sizeof(start) - 1;
    return read_parameter(&at, "m=", ',', &memory_kib) && read_parameter(&at, "t=", ',', &passes) &&
           read_parameter(&at, "p=", '$', &lanes) && memory_kib >= PASSWORD_MEMORY_KIB_MIN &&
           memory_kib <= PASSWORD_MEMORY_KIB_MAX && passes >= 1 && passes <= PASSWORD_PASSES_MAX &&
           lanes == 1;
}

static void verify_run(struct work *work)
{
    struct password_job *job = (struct password_job *)work;
    if (!hash_is_affordable(job->hash)) {
        job->err = ERR_SYNTAX;
        return;
    }
    int failed = crypto_pwhash_str_verify(job->hash, job->password, job->password_len);
    job->err = failed ? ERR_CRYPTO : 0;
}

static void hash_finish(struct work *work)
{
    struct password_job *job = (struct password_job *)work;
    job->done(job->ctx, job->err, job->hash);
    job_free(job);
}

static void verify_finish(struct work *work)
{
    struct password_job *job = (struct password_job *)work;
    job->done(job->ctx, job->err, "");
    job_free(job);
}

static struct password_job *job_new(struct bytes password, password_done done, void *ctx)
{
    struct password_job *job = mem_alloc(sizeof(*job));
    job->done = done;
    job->ctx = ctx;
    job->password_len = password.len;
    if (password.len > 0) {
        memcpy(job->password, password.data, password.len);
    }
    return job;
}

static int job_submit(struct password_job *job, struct pool *pool, struct loop *loop)
{
    int err = work_submit(pool, loop, &job->work);
    if (err) {
        job_free(job);
    }
    return err;
}

int password_hash(struct pool *pool, struct loop *loop, struct bytes password,
                  const struct password_options *options, password_done done, void *ctx)
{
    if (password.len > PASSWORD_BYTES_MAX) {
        return ERR_TOO_LARGE;
    }
    struct password_job *job = job_new(password, done, ctx);
    if (options != NULL) {
        job->options = *options;
    }
    if (job->options.memory_kib == 0) {
        job->options.memory_kib = PASSWORD_MEMORY_KIB;
    }
    if (job->options.passes == 0) {
        job->options.passes = PASSWORD_PASSES;
    }
    CHECK(job->options.memory_kib >= PASSWORD_MEMORY_KIB_MIN &&
          job->options.memory_kib <= PASSWORD_MEMORY_KIB_MAX &&
          job->options.passes <= PASSWORD_PASSES_MAX);
    job->work.run = hash_run;
    job->work.done = hash_finish;
    return job_submit(job, pool, loop);
}

int password_verify(struct pool *pool, struct loop *loop, struct bytes hash, struct bytes password,
                    password_done done, void *ctx)
{
    if (password.len > PASSWORD_BYTES_MAX || hash.len >= PASSWORD_HASH_SIZE) {
        return ERR_TOO_LARGE;
    }
    struct password_job *job = job_new(password, done, ctx);
    if (hash.len > 0) {
        memcpy(job->hash, hash.data, hash.len);
    }
    job->work.run = verify_run;
    job->work.done = verify_finish;
    return job_submit(job, pool, loop);
}
