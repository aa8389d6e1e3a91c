/**
 * The lines of a stream of UTF-8, ended by line feeds alone: texts in JSON hold other separators (U+2028), at which node:readline would tear them.
 * Undefined: a line of more than `charsMax`, of which nothing is kept. The last one needs no line feed.
 */
export async function* readLines(
  source: AsyncIterable<string | Uint8Array>,
  { charsMax }: { charsMax: number },
): AsyncGenerator<string | undefined, void> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const joined = (line: string | undefined, more: string) =>
    line === undefined || line.length + more.length > charsMax ? undefined : line + more;
  let line: string | undefined = "";
  for await (const part of source) {
    const [end = "", ...begun] = (typeof part === "string" ? part : decoder.decode(part, { stream: true })).split("\n");
    line = joined(line, end);
    for (const next of begun) {
      yield line;
      line = joined("", next);
    }
  }
  line = joined(line, decoder.decode());
  if (line !== "") yield line;
}
