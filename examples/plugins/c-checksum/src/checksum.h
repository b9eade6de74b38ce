#ifndef CHECKSUM_H
#define CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

// CRC-32 as in ISO 3309, gzip and PNG.
uint32_t crc32(const uint8_t *bytes, size_t length);

// Adler-32 as in RFC 1950.
uint32_t adler32(const uint8_t *bytes, size_t length);

#endif
