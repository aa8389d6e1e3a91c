/** All of a standard input as text, when something is piped in. */
import { RoostError } from "@roost/base";
import { textCharsMax } from "@roost/contract/operations";

const bytesMax = 4 * textCharsMax;

export async function readInput(stdin: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let byteCount = 0;
  for await (const part of stdin) {
    byteCount += part.length;
    if (byteCount > bytesMax) {
      throw new RoostError(
        "limit_exceeded",
        `the input is longer than ${bytesMax} bytes: shorten it, or name a file instead`,
      );
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
