/* The descriptor is under the name of another stem. */
#include "fixture.h"

FIXTURE_MODULE(original);
