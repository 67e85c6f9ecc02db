/*
 * One-time codes as authenticator apps make them: HOTP (RFC 4226) and, counted
 * in time, TOTP (RFC 6238), both by HMAC-SHA-1, which is what all of them know.
 * SHA-1 is here for this alone; nothing else may rest on it.
 */
#ifndef HOST_CRYPTO_OTP_H
#define HOST_CRYPTO_OTP_H

#include "host/base/bytes.h"

#define OTP_SHA1_BYTES 20
#define OTP_DIGITS_MIN 6
#define OTP_DIGITS_MAX 8
#define OTP_SECRET_BYTES_MAX 128

void otp_sha1(uint8_t out[OTP_SHA1_BYTES], struct bytes in);
void otp_hmac_sha1(uint8_t out[OTP_SHA1_BYTES], struct bytes key, struct bytes in);

/*
 * Writes the code of a counter and a final zero; digits from OTP_DIGITS_MIN to
 * OTP_DIGITS_MAX. For TOTP the counter is the time divided by the period.
 */
void otp_code(char out[OTP_DIGITS_MAX + 1], struct bytes secret, uint64_t counter, unsigned digits);

#endif
