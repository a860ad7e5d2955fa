/* json-check FILE: is it JSON, as the reader of core reads it?
 *
 * Exit code 0: it is. 1: it is not, and one line on standard error says where. 2: the program was
 * called wrongly, or the file cannot be read. */
#include "tests/vectors/json_file.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    struct nx_why why = {.text = ""};

    if (argc != 2) {
        fprintf(stderr, "usage: json-check FILE\n");
        return 2;
    }

    enum nx_status status = json_file_check(argv[1], &why);
    if (status == NX_OK)
        return 0;
    fprintf(stderr, "json-check: %s: %s\n", argv[1], why.text);
    return status == NX_E_IO ? 2 : 1;
}
