#include "json.h"

#include <string.h>

static uint32_t hex4(const uint8_t *digits) {
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = digits[i];
        value = value << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

static uint8_t *put_utf8(uint8_t *out, uint32_t c) {
    if (c < 0x80) {
        *out++ = (uint8_t)c;
        return out;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t LEAD[] = {0, 0xC0, 0xE0, 0xF0};
    *out++ = (uint8_t)(LEAD[more] | c >> (6 * more));
    while (more-- > 0) {
        *out++ = (uint8_t)(0x80 | (c >> (6 * more) & 0x3F));
    }
    return out;
}

// Reads what follows a backslash and gives what follows that.
static const uint8_t *escape(const uint8_t *in, uint32_t *c) {
    static const char NAMES[] = "bfnrt", VALUES[] = "\b\f\n\r\t";
    if (*in != 'u') {
        const char *name = memchr(NAMES, *in, sizeof NAMES - 1);
        *c = name ? (uint32_t)VALUES[name - NAMES] : *in;
        return in + 1;
    }
    *c = hex4(in + 1);
    in += 5;
    // The host sends valid JSON, so a high surrogate has its low one behind it.
    if (*c >= 0xD800 && *c < 0xDC00) {
        *c = 0x10000 + ((*c - 0xD800) << 10) + (hex4(in + 2) - 0xDC00);
        in += 6;
    }
    return in;
}

bool json_only_string(uint8_t *json, size_t length, const uint8_t **text, size_t *text_length) {
    // The name has no quotes or colons in it.
    uint8_t *colon = memchr(json, ':', length);
    if (colon == NULL) {
        return false;
    }
    const uint8_t *end = json + length;
    const uint8_t *in = memchr(colon, '"', (size_t)(end - colon));
    if (in == NULL) {
        return false;
    }
    uint8_t *out = json;
    for (in++; in < end && *in != '"';) {
        if (*in == '\\') {
            uint32_t c;
            in = escape(in + 1, &c);
            out = put_utf8(out, c);
        } else {
            *out++ = *in++;
        }
    }
    *text = json;
    *text_length = (size_t)(out - json);
    return true;
}
