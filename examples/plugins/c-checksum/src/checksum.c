#include "checksum.h"

// 0x04C11DB7 with its bits turned round: the bytes are taken lowest bit first.
#define CRC32_POLYNOMIAL 0xEDB88320u

// The largest prime below 2^16.
#define ADLER32_MODULUS 65521u

uint32_t crc32(const uint8_t *bytes, size_t length) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < length; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ (crc & 1 ? CRC32_POLYNOMIAL : 0);
        }
    }
    return ~crc;
}

uint32_t adler32(const uint8_t *bytes, size_t length) {
    uint32_t low = 1, high = 0;
    for (size_t i = 0; i < length; i++) {
        low = (low + bytes[i]) % ADLER32_MODULUS;
        high = (high + low) % ADLER32_MODULUS;
    }
    return high << 16 | low;
}
