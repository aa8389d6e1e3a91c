/** What an event of the comparison carries: with its other fields about 1 KB. Words, since a repeated letter would be compressed away. */
export const oneKilobyte = Array.from({ length: 150 }, (_, n) => ((n * 7919 + 13) % 99991).toString(36))
  .join(" ")
  .padEnd(960, "·")
  .slice(0, 960);
