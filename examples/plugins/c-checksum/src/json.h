#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Reads the value of an object with at most one member, which is a string: all that the schema lets through. The text, in
// UTF-8, is written over the JSON, which is never shorter. False where there is no member.
bool json_only_string(uint8_t *json, size_t length, const uint8_t **text, size_t *text_length);

#endif
