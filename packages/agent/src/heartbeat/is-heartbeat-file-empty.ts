const heading = /^#+(\s|$)/;
const fence = /^(```|~~~)/;
const listStub = /^[-*+]\s*(\[[ xX]?\])?\s*$/;

/**
 * Whether a HEARTBEAT.md asks for nothing: blank, or only headings, HTML comments, fences and empty list items. Then no model is called. A missing
 * file (`undefined`) is not empty: the heartbeat still runs.
 */
export function isHeartbeatFileEmpty(content: string | undefined): boolean {
  if (content === undefined) return false;
  const withoutComments = content.replace(/^\uFEFF/, "").replace(/<!--[\s\S]*?(-->|$)/g, "");
  return withoutComments.split(/\r?\n/).every((line) => {
    const text = line.trim();
    return text === "" || heading.test(text) || fence.test(text) || listStub.test(text);
  });
}
