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

/** The cosine of the angle between them: 1 says the same. */
export function similarityOf(vector: Float32Array, bytes: Uint8Array): number {
  const stored = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [product, left, right] = [0, 0, 0];
  for (const [index, number] of vector.entries()) {
    const other = stored[index] ?? 0;
    product += number * other;
    left += number * number;
    right += other * other;
  }
  return left === 0 || right === 0 ? 0 : product / Math.sqrt(left * right);
}
