/** The 32-bit murmur2 hash with Kafka's seed (org.apache.kafka.common.utils.Utils.murmur2), as a signed integer. */
export function murmur2(bytes: Uint8Array): number {
  const multiplier = 0x5bd1e995;
  const length = bytes.length;
  let hash = 0x9747b28c ^ length;
  const wholeEnd = length - (length % 4);
  for (let index = 0; index < wholeEnd; index += 4) {
    let word = bytes[index]! | (bytes[index + 1]! << 8) | (bytes[index + 2]! << 16) | (bytes[index + 3]! << 24);
    word = Math.imul(word, multiplier);
    word ^= word >>> 24;
    word = Math.imul(word, multiplier);
    hash = Math.imul(hash, multiplier) ^ word;
  }
  const rest = length - wholeEnd;
  if (rest === 3) hash ^= bytes[wholeEnd + 2]! << 16;
  if (rest >= 2) hash ^= bytes[wholeEnd + 1]! << 8;
  if (rest >= 1) hash = Math.imul(hash ^ bytes[wholeEnd]!, multiplier);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, multiplier);
  return hash ^ (hash >>> 15);
}

const encoder = new TextEncoder();

/** The hash of a key without its sign; modulo the number of partitions it is the partition. */
export function keyHashOf(key: string): number {
  return murmur2(encoder.encode(key)) & 0x7fffffff;
}

/** The partition of a key, as by Kafka's default partitioner. */
export function partitionOf(key: string, partitionCount: number): number {
  return keyHashOf(key) % partitionCount;
}
