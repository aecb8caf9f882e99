/* No descriptor at all. */
extern const int some_other_symbol;
const int some_other_symbol = 1;
