/* A step of a GRU as one would write it in C: what our cells are measured beside. int8 weights in
   units of 2^-INPUT_BITS and 2^-STATE_BITS, int16 inputs in Q12, int16 state in Q15, int32 sums, tables with interpolation.
   The gates are PyTorch's, the reset gate behind the product. gru.py writes gru_weights.h. */

#include <stdint.h>
#include "gru_weights.h"

int16_t peer_input[INPUTS];
int16_t peer_state[UNITS];

static int32_t look_up(const int16_t *table, int32_t z)
{
    z = z < -32768 ? -32768 : z > 32767 ? 32767 : z;
    table += (z >> 7) + 256;
    return table[0] + (((table[1] - table[0]) * (z & 127)) >> 7);
}

/* Both sums become Q12. */
static int32_t of_inputs(int row)
{
    int32_t sum = 0;
    for (int i = 0; i < INPUTS; i++)
        sum += input_weights[row][i] * peer_input[i];
    return (sum >> INPUT_BITS) + input_bias[row];
}

static int32_t of_state(int row)
{
    int32_t sum = 0;
    for (int i = 0; i < UNITS; i++)
        sum += state_weights[row][i] * peer_state[i];
    return (sum >> (STATE_BITS + 3)) + state_bias[row];
}

void peer_step(void)
{
    int16_t next[UNITS];
    for (int i = 0; i < UNITS; i++) {
        int32_t reset = look_up(sigmoid_table, of_inputs(i) + of_state(i));
        int32_t keep = look_up(sigmoid_table, of_inputs(UNITS + i) + of_state(UNITS + i));
        int32_t behind = (reset * of_state(2 * UNITS + i)) >> 15;
        int32_t fresh = look_up(tanh_table, of_inputs(2 * UNITS + i) + behind);
        next[i] = fresh + ((keep * (peer_state[i] - fresh)) >> 15);
    }
    for (int i = 0; i < UNITS; i++)
        peer_state[i] = next[i];
}
