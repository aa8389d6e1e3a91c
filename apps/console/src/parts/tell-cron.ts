/** A cron expression as people say it, where it is one of the usual ones; else as it is written. Pure. */
const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const shortDays = days.map((day) => day.slice(0, 3));

export function tellCron(expression: string): string {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== 5) return expression;
  const [minute = "", hour = "", dayOfMonth = "", month = "", weekday = ""] = fields;
  if (month !== "*") return expression;
  const time = tellTime(minute, hour);
  if (time === undefined) return tellRepeated(fields) ?? expression;
  if (dayOfMonth === "*") {
    const on = tellWeekdays(weekday);
    return on === undefined ? expression : `${on} at ${time}`;
  }
  return weekday === "*" && /^\d+$/.test(dayOfMonth) ? `on day ${dayOfMonth} of the month at ${time}` : expression;
}

/** `cron 0 6 * * *` of a job's trigger, told; any other text is left alone. */
export function tellWhen(text: string): string {
  const found = /^cron (\S+(?: \S+){4})(?: \((.+)\))?$/.exec(text);
  if (found === null) return text;
  const [, expression = "", zone] = found;
  return tellCron(expression) + (zone === undefined ? "" : ` (${zone})`);
}

function tellTime(minute: string, hour: string): string | undefined {
  if (!/^\d+$/.test(minute) || !/^\d+(?:,\d+)*$/.test(hour)) return undefined;
  return hour
    .split(",")
    .map((each) => `${each.padStart(2, "0")}:${minute.padStart(2, "0")}`)
    .join(", ");
}

function tellWeekdays(field: string): string | undefined {
  if (field === "*") return "daily";
  if (field === "1-5") return "on weekdays";
  if (field === "0,6" || field === "6,0" || field === "6-7") return "on weekends";
  if (/^[0-7]$/.test(field)) return `on ${days[Number(field)] ?? field}s`;
  if (!/^[0-7](?:,[0-7])+$/.test(field)) return undefined;
  return `on ${field
    .split(",")
    .map((each) => shortDays[Number(each)])
    .join(", ")}`;
}

function tellRepeated([minute = "", hour = "", dayOfMonth, , weekday]: string[]): string | undefined {
  if (dayOfMonth !== "*" || weekday !== "*") return undefined;
  const step = /^\*\/(\d+)$/.exec(minute)?.[1];
  if (hour === "*" && step !== undefined) return `every ${step} minutes`;
  if (hour === "*" && /^\d+$/.test(minute))
    return minute === "0" ? "every hour" : `every hour at :${minute.padStart(2, "0")}`;
  const hours = /^\*\/(\d+)$/.exec(hour)?.[1];
  return hours !== undefined && /^\d+$/.test(minute)
    ? `every ${hours} hours at :${minute.padStart(2, "0")}`
    : undefined;
}
