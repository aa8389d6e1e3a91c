import { createContext, use } from "react";
import { createTimeFormats, type TimeFormats } from "./format.ts";

/** Times in the home's zone, which is where its jobs live. */
export const TimeFormatsContext = createContext<TimeFormats>(createTimeFormats());

export function useTimeFormats(): TimeFormats {
  return use(TimeFormatsContext);
}
