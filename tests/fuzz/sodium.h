/*
 * sodium.h: where a target's boxes come from: libsodium (sodium_real.c), or a stand-in with the same
 * functions, sizes and refusals that costs next to nothing (sodium_cheap.c), so that most of the time goes
 * into our code. A target is built with either.
 */
#ifndef TNI_FUZZ_SODIUM_H
#define TNI_FUZZ_SODIUM_H

/** From here on the same "random" bytes as at the last call: an input does the same each time. */
void fuzz_seed(void);

#endif
