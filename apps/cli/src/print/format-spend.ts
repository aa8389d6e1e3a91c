/** Formats spending: `$0.0042`, or tokens where they cost nothing; empty for none. */
export function formatSpend({ costUsd, tokens }: { costUsd: number; tokens: number }): string {
  if (costUsd > 0) return formatUsd(costUsd);
  return tokens > 0 ? `${formatCount(tokens)} tokens` : "";
}

export function formatUsd(usd: number): string {
  if (usd > 0 && usd < 0.0001) return "<$0.0001";
  return `$${usd.toFixed(usd > 0 && usd < 1 ? 4 : 2).replace(/(\.\d\d)0+$/, "$1")}`;
}

interface Caps {
  usdMax?: number | undefined;
  tokensMax?: number | undefined;
  callsMax?: number | undefined;
}

/** The caps of a run: `$0.50, 300.0k tokens, 12 calls`; empty for none. */
export function formatCaps(caps: Caps = {}): string {
  const { usdMax, tokensMax, callsMax } = caps;
  return [
    usdMax === undefined ? "" : formatUsd(usdMax),
    tokensMax === undefined ? "" : `${formatCount(tokensMax)} tokens`,
    callsMax === undefined ? "" : `${formatCount(callsMax)} calls`,
  ]
    .filter(Boolean)
    .join(", ");
}

export function formatCount(count: number): string {
  if (count < 1000) return String(count);
  if (count < 1_000_000) return `${(count / 1000).toFixed(1)}k`;
  return `${(count / 1_000_000).toFixed(1)}M`;
}
