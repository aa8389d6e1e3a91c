/** Vectors as they are stored: the signs as bits, by which PostgreSQL finds near ones without an extension; the numbers as bytes. Pure. */

/** `0110…`: 1 where the number is not negative. */
export function codeOf(vector: Float32Array): string {
  let code = "";
  for (const number of vector) code += number < 0 ? "0" : "1";
  return code;
}

/** Signed bytes: only the direction counts. */
export function vectorBytes(vector: Float32Array): Buffer {
  let largest = 0;
  for (const number of vector) largest = Math.max(largest, Math.abs(number));
  const bytes = Int8Array.from(vector, (number) => (largest === 0 ? 0 : Math.round((number / largest) * 127)));
  return Buffer.from(bytes.buffer);
}

export function bytesVector(bytes: Uint8Array): Int8Array {
  return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
