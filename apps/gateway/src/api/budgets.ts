/** Caps of the settings: what each is, what is spent of it, and changing what everything together may cost. Those of keys stand with the key. */
import { pageByName, serve, toPage, type Served } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { readBudgets, readSpend, type BudgetCap } from "@roost/kernel";
import { changeSettings, findHomeFile, refuseHeldSettings, type Memory } from "@roost/memory";
import { settingsFile } from "@roost/memory/settings";

interface BudgetsGiven {
  memory: Memory;
  applyAtOnce: () => Promise<void>;
}

export function serveBudgets({ memory, applyAtOnce }: BudgetsGiven): Served[] {
  const { kernel } = memory;
  const read = async (): Promise<operations.SpendCapRecord[]> => {
    const { caps } = await readBudgets(kernel);
    const own = caps.filter(({ scope }) => !scope.startsWith("key:"));
    const scopes = [...new Set(own.map(({ scope }) => scope))];
    const spends = scopes.length === 0 ? [] : await readSpend(kernel, { scopes, limit: 4 * scopes.length });
    return own.map((cap) => {
      const spend = spends.find(({ scope, window }) => scope === cap.scope && window === cap.window);
      const { costUsd = 0, tokens = 0, calls = 0 } = spend ?? {};
      return { ...bounded(cap), spent: { costUsd, tokens, calls } };
    });
  };
  return [
    serve(operations.listBudgets, async ({ limit, after }) => {
      const { rows, next } = pageByName(await read(), { limit, after }, ({ scope, window }) => `${scope} ${window}`);
      return toPage(rows, next);
    }),

    serve(operations.changeBudget, async ({ window, ...caps }, { principal }) => {
      // What would be written into a held file would not count, whatever is answered.
      await refuseHeldSettings(
        memory,
        (await findHomeFile(memory, settingsFile, { as: { kind: "main" } }))?.text ?? "",
      );
      const set = Object.fromEntries(Object.entries(caps).filter(([, value]) => value !== null));
      await changeSettings(
        memory,
        (document) => {
          if (Object.keys(set).length > 0)
            document.setIn(["budgets", window], document.createNode(set, { flow: true }));
          else document.deleteIn(["budgets", window]);
        },
        { by: principal.id },
      );
      await applyAtOnce();
      const budgets = await read();
      return { budget: budgets.find((each) => each.scope === "all" && each.window === window) ?? null };
    }),
  ];
}

function bounded({ scope, window, usdMax, tokensMax, callsMax }: BudgetCap): Omit<operations.SpendCapRecord, "spent"> {
  return { scope, window, usdMax: usdMax ?? null, tokensMax: tokensMax ?? null, callsMax: callsMax ?? null };
}
