import styles from "./Initials.module.css";

/** A person as a circle with the first letters of their name, always of the same tone. */
export function Initials({ name, isLarge = false }: { name: string; isLarge?: boolean }) {
  const words = name.split(/[\s-]+/).filter((word) => /^\p{L}/u.test(word));
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(
    (word) => /^\p{L}/u.exec(word ?? "")?.[0] ?? "",
  );
  const tone = Array.from(name, (letter) => letter.codePointAt(0) ?? 0).reduce((sum, code) => (sum * 31 + code) % 5, 0);
  return (
    <span className={styles.circle} data-tone={tone} data-large={isLarge || undefined} aria-hidden="true">
      {letters.join("").toUpperCase() || "?"}
    </span>
  );
}
