/* Helpers of the tests that build graphs: parameters, random values that fit a tensor's type, runs on the reference
 * and on a backend. */
#pragma once

#include "backend/prepared.h"
#include "backend/reference/reference.h"
#include "tensor/autodiff.h"
#include "tensor/graph_ops.h"

enum {
    TEST_PARAMETERS = 8192, /* elements that parameters can share */
    TEST_SOURCES = 256,     /* tensors with values in one graph */
    TEST_GUARD = 64,        /* sentinel elements before and after an output */
};

/** What the values of a tensor that no node writes are. */
typedef enum TestFill {
    TEST_NORMAL,   /* mean + scale · normal */
    TEST_INTEGERS, /* mean .. mean + scale-1 */
    TEST_POSITIVE, /* (scale · normal)²: second moments */
    TEST_UNIFORM,  /* mean + scale · uniform */
    TEST_GIVEN,    /* those of test_given */
} TestFill;

typedef struct TestSource {
    LkRef ref;
    TestFill fill;
    double mean, scale;
    const float *given; /* TEST_GIVEN */
} TestSource;

/** A graph under test, with the two states that parameters are parts of and the input of scalars. */
typedef struct GraphTest {
    LkGraph *graph;
    uint64_t seed;
    LkRef shadow, gradient, scalars;
    int64_t used; /* elements of the states that are taken */
    LkRef d_y;
    int runs; /* of test_run; 0: one */
    int n_sources;
    TestSource sources[TEST_SOURCES];
    float **values; /* per tensor: what it holds before a run; NULL for activations and views */
} GraphTest;

/** An empty graph. Free with graph_test_free. Tests stop (exit status 2) where memory is out. */
GraphTest *graph_test_new(LkDType compute, uint64_t seed);
void graph_test_free(GraphTest *test);

/* Tensors with values; names are made up. */
LkRef test_input(GraphTest *test, LkDType dtype, TestFill fill, double mean, double scale, int rank,
                 const int64_t *shape);
LkRef test_weight(GraphTest *test, LkDType dtype, double mean, double scale, int rank, const int64_t *shape);
LkRef test_state(GraphTest *test, LkDType dtype, TestFill fill, double mean, double scale, int rank,
                 const int64_t *shape);

/** An input of the compute type, normal; a frozen vector in f32. */
LkRef test_x(GraphTest *test, int rank, const int64_t *shape);
LkRef test_vector(GraphTest *test, double mean, double scale, int64_t count);

/** An input with these values, which must stay where they are. */
LkRef test_given(GraphTest *test, LkDType dtype, const float *values, int rank, const int64_t *shape);

/** A trainable tensor. Parameters lie apart in the states, at offsets that are no multiples of a cache line. */
LkRef test_parameter(GraphTest *test, int rank, const int64_t *shape);

/** A loss on y: mean squared distance to random targets, with random weights per sample. Keeps d_y for autodiff. */
LkRef test_loss(GraphTest *test, LkRef y);

/** Draws the values of all tensors that no node writes, rounded to their types. Call when the graph is complete. */
void test_draw(GraphTest *test);

/** A reference of the complete graph that holds the values. */
LkReference *test_reference(const GraphTest *test);

/** Puts an output tensor (an activation) into the middle of a state whose other elements are a sentinel. Call before
 * test_draw. */
void test_guard(GraphTest *test, LkRef output);

/** Runs the graph on a backend with these values, in the memory that the planner gives or, `spread`, with no byte used
 * twice. results[t] gets the values of output `t` and of every state and input (malloc'ed, NULL for other tensors). */
bool test_run(const GraphTest *test, const LkBackend *backend, bool spread, double **results, LkError *error);

/** The same with a program and a plan that stay, and other programs on the device. */
bool test_run_prepared(const GraphTest *test, const LkPrepared *prepared, double **results, LkError *error);

void test_free_results(const GraphTest *test, double **results);

/** ‖a - b‖ / ‖b‖; the plain ‖a‖ where b is zero. Infinite where a has a NaN. */
double test_relative_error(const double *a, const double *b, int64_t count);

/** A pure pseudorandom number for decisions of a test, below n. */
uint32_t test_below(uint64_t seed, uint32_t stream, uint64_t index, uint32_t n);

/** "[2,3,5]" in a buffer. */
const char *test_shape_text(const LkTensor *tensor, char text[64]);
