/** Days and times in the home's time zone. A day is not always 24 hours long. */

export interface Calendar {
  readonly timeZone: string;
  /** The calendar day (`2026-01-31`) at a moment. */
  dayAt(ms: number): string;
  /** The time of day (`06:30`) at a moment. */
  timeOfDayAt(ms: number): string;
  /** `Saturday, 2026-01-31 06:30 Europe/Berlin`, for people and models. */
  momentAt(ms: number): string;
}

/** For an IANA time zone. Expensive to create, cheap to use. */
export function createCalendar(timeZone: string): Calendar {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    weekday: "long",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
  });
  const partsAt = (ms: number) => {
    const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    return {
      weekday: part["weekday"]!,
      day: `${part["year"]!.padStart(4, "0")}-${part["month"]}-${part["day"]}`,
      time: `${part["hour"]}:${part["minute"]}`,
    };
  };
  return {
    timeZone,
    dayAt: (ms) => partsAt(ms).day,
    timeOfDayAt: (ms) => partsAt(ms).time,
    momentAt(ms) {
      const { weekday, day, time } = partsAt(ms);
      return `${weekday}, ${day} ${time} ${timeZone}`;
    },
  };
}

/** The calendar day before, whatever clock changes lie between. */
export function dayBefore(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}
