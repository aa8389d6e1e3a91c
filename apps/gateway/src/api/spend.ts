import { numberPlace, placeOf, serve, textPlace, type Served, toPage } from "@roost/contract";
import * as operations from "@roost/contract/operations";
import { forecastSpend } from "@roost/jobs";
import { listSpend, type Kernel } from "@roost/kernel";
import { startOfDay } from "../records/start-of-day.ts";

const dayMs = 86_400_000;

export function serveSpend({ kernel, timeZone }: { kernel: Kernel; timeZone: string }): Served[] {
  return [
    serve(operations.listSpend, async ({ by, days, limit, after }) => {
      const nowMs = kernel.clock.nowMs();
      const since = startOfDay(nowMs - (days - 1) * dayMs, timeZone);
      const skip = placeOf(numberPlace, after);
      const span = { since, until: new Date(nowMs + 1), timeZone };
      const { rows, total, next } = await listSpend(kernel, { by, ...span, limit, skip });
      return { since: since.toISOString(), timeZone, ...toPage(rows, next), total };
    }),

    serve(operations.listSpendForecasts, async ({ limit, after }) => {
      const { forecasts, next } = await forecastSpend(kernel, { limit, after: placeOf(textPlace, after) });
      return toPage(forecasts, next);
    }),
  ];
}
