/** Breaks a text at words while it is written: a word is held back until it is whole. Knows nothing of where the text goes. */
import { textWidth } from "@roost/base/text-width";

export interface WrappedStream {
  /** What of the text so far can be written. */
  push(text: string): string;
  /** The rest; the line is left open. */
  end(): string;
}

/** Spaces at the beginning of a line stay; a word longer than a line is left to the screen. */
export function wrapStream(columnsOf: () => number): WrappedStream {
  let column = 0;
  let spaces = "";
  let word = "";
  const placeWord = (): string => {
    if (word === "") return "";
    const width = textWidth(word);
    const breaks = column > 0 && column + spaces.length + width > columnsOf();
    const placed = (breaks ? "\n" : spaces) + word;
    column = (breaks ? 0 : column + spaces.length) + width;
    spaces = "";
    word = "";
    return placed;
  };
  return {
    push(text) {
      let written = "";
      for (const part of text.match(/\n|[^\S\n]+|\S+/gu) ?? []) {
        if (/^\S/u.test(part)) {
          word += part;
          continue;
        }
        written += placeWord();
        if (part === "\n") {
          written += part;
          column = 0;
          spaces = "";
        } else spaces += part;
      }
      return written;
    },
    end() {
      const written = placeWord();
      column = 0;
      spaces = "";
      return written;
    },
  };
}
