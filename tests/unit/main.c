/* Runs every suite; CK_RUN_SUITE chooses one. Ends with "N passed, N failed". */
#include "suites.h"
#include <stdio.h>

int main(void)
{
    SRunner *runner = srunner_create(NULL);
    for (size_t i = 0; suites[i]; i++)
        srunner_add_suite(runner, suites[i]());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    int passed = srunner_ntests_run(runner) - failed;
    srunner_free(runner);
    printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}
