/** Whether `4/12/2024` is April or December: what a whole file says, since one date alone does not. */

export type DateOrder = "day-first" | "month-first";

/**
 * From all dates of a file, each by its first two numbers. Undefined: no date says it, or two say the opposite, and
 * then the caller has to be told.
 */
export function inferDateOrder(dates: Iterable<readonly [first: number, second: number]>): DateOrder | undefined {
  let [isDayFirst, isMonthFirst] = [false, false];
  for (const [first, second] of dates) {
    isDayFirst ||= first > 12;
    isMonthFirst ||= second > 12;
  }
  return isDayFirst === isMonthFirst ? undefined : isDayFirst ? "day-first" : "month-first";
}
