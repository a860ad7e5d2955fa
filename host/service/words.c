#include "host/service/words.h"

#include <stddef.h>

bool nx_service_number(const char *text, uint64_t most, uint64_t *value)
{
    uint64_t number = 0;

    if (text == NULL || *text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        unsigned digit = (unsigned)(*text - '0');

        if (digit > 9 || digit > most || number > (most - digit) / 10)
            return false;
        number = 10 * number + digit;
    }
    if (number == 0)
        return false;
    *value = number;
    return true;
}
