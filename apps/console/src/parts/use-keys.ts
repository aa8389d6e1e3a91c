import { useEffect } from "react";
import { isTyping } from "./is-typing.ts";

/** Single keys, while `isOn`; one that is held down counts once. Nothing is taken from someone who types into a field, nor with Ctrl, Alt or Cmd. */
export function useKeys(isOn: boolean, onKey: (key: string, event: KeyboardEvent) => void): void {
  useEffect(() => {
    if (!isOn) return undefined;
    const take = (event: KeyboardEvent) => {
      if (event.repeat || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      onKey(event.key, event);
    };
    addEventListener("keydown", take);
    return () => removeEventListener("keydown", take);
  });
}
