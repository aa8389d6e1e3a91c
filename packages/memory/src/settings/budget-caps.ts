import type { Settings } from "./settings.ts";

/** A cap for the kernel. */
export interface SettingsCap {
  /** `all`, `job:<id>` or `agent:<id>`. */
  scope: string;
  window: "hour" | "day" | "month" | "total";
  usdMax?: number;
  tokensMax?: number;
  callsMax?: number;
}

const windows = ["hour", "day", "month", "total"] as const;
type Windows = Pick<Settings["budgets"], (typeof windows)[number]>;

/** All caps of the settings, for the kernel. */
export function budgetCaps(settings: Settings): SettingsCap[] {
  const { jobs = {}, agents = {}, ...all } = settings.budgets;
  return [
    ...capsOf("all", all),
    ...Object.entries(jobs).flatMap(([id, caps]) => capsOf(`job:${id}`, caps)),
    ...Object.entries(agents).flatMap(([id, caps]) => capsOf(`agent:${id}`, caps)),
  ];
}

function capsOf(scope: string, caps: Windows): SettingsCap[] {
  return windows.flatMap((window) => {
    const cap = caps[window];
    if (cap === undefined) return [];
    const { usdMax, tokensMax, callsMax } = cap;
    return [
      {
        scope,
        window,
        ...(usdMax !== undefined && { usdMax }),
        ...(tokensMax !== undefined && { tokensMax }),
        ...(callsMax !== undefined && { callsMax }),
      },
    ];
  });
}
