import { useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { isTyping } from "../parts/is-typing.ts";
import { screens } from "./screens.ts";

/** Ctrl K, "?", and "g" followed by a letter. Nothing is taken from someone who types into a field. */
export function useShortcuts(given: { onPalette: () => void; onHelp: () => void }): void {
  const [, go] = useLocation();
  const latest = useRef(given);
  latest.current = given;
  useEffect(() => {
    let before = "";
    const onKey = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        latest.current.onPalette();
        return;
      }
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      if (event.key === "?") latest.current.onHelp();
      const screen = before === "g" ? screens.find(({ key }) => key === event.key) : undefined;
      before = event.key;
      if (screen !== undefined) go(screen.path);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [go]);
}
