#include "host/cli/cli.h"
#include "tests/unit/unit.h"

#include <unistd.h>

static const struct cli_flag flags[] = {
    {"data", 'd', "DIR", "a folder"},
    {"json", 0, NULL, "a switch"},
    {0},
};
static const struct cli_command command = {
    .name = "try",
    .arguments = "WORD",
    .summary = "Tries.",
    .flags = flags,
    .words_min = 1,
    .words_max = 2,
};

static struct cli_args args;
static int status;

static bool parse(int argc, const char *const *words)
{
    static char copies[8][64]; /* lent by args until the next parse */
    char *argv[8] = {NULL};
    for (int i = 0; i < argc; i++) {
        snprintf(copies[i], sizeof(copies[i]), "%s", words[i]);
        argv[i] = copies[i];
    }
    /* The lines told on standard error are not what is tested here. */
    int saved = dup(STDERR_FILENO);
    assert_non_null(freopen("/dev/null", "w", stderr));
    bool goes_on = cli_parse(&args, &command, argc, argv, &status);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    return goes_on;
}
#define PARSE(...)                                                                                 \
    parse((int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),                           \
          (const char *[]){__VA_ARGS__})

TEST(args, flags_and_words_may_be_mixed)
{
    assert_true(PARSE("one", "--data", "folder", "two", "--json"));
    assert_int_equal(args.words_count, 2);
    assert_string_equal(args.words[1], "two");
    assert_string_equal(cli_value(&args, "data"), "folder");
    assert_string_equal(cli_value(&args, "json"), "");
}

TEST(args, a_value_may_follow_an_equals_sign_or_a_short_flag)
{
    assert_true(PARSE("one", "--data=a=b"));
    assert_string_equal(cli_value(&args, "data"), "a=b");
    assert_true(PARSE("one", "-d", "c"));
    assert_string_equal(cli_value(&args, "data"), "c");
}

TEST(args, the_last_of_several_values_counts)
{
    assert_true(PARSE("one", "--data", "a", "--data", "b"));
    assert_string_equal(cli_value(&args, "data"), "b");
    assert_int_equal(args.given_count, 2);
}

TEST(args, after_two_dashes_everything_is_a_word)
{
    assert_true(PARSE("--", "--json", "-d"));
    assert_int_equal(args.words_count, 2);
    assert_null(cli_value(&args, "json"));
}

TEST(args, mistakes_end_with_the_status_of_usage)
{
    assert_false(PARSE("one", "--jsno"));
    assert_int_equal(status, CLI_USAGE);
    assert_false(PARSE("one", "--data"));
    assert_int_equal(status, CLI_USAGE);
    assert_false(PARSE("one", "--json=yes"));
    assert_int_equal(status, CLI_USAGE);
    assert_false(PARSE("one", "two", "three"));
    assert_int_equal(status, CLI_USAGE);
    assert_false(PARSE("--json"));
    assert_int_equal(status, CLI_USAGE);
}

TEST(args, the_data_folder_comes_from_the_flag_then_the_variable_then_here)
{
    assert_true(PARSE("one"));
    unsetenv("CHATTERMESH_DATA");
    assert_string_equal(cli_data_folder(&args), "data");
    setenv("CHATTERMESH_DATA", "/from/variable", 1);
    assert_string_equal(cli_data_folder(&args), "/from/variable");
    assert_true(PARSE("one", "--data", "/from/flag"));
    assert_string_equal(cli_data_folder(&args), "/from/flag");
}

TEST_MAIN
