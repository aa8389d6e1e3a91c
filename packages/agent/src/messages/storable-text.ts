/** Text as every store keeps it: NUL and lone surrogates, which models and tools do produce, become U+FFFD. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll("\u0000", "\ufffd");
}
