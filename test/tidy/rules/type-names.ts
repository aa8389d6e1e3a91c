/** A type that is exported has one meaning in the whole house: its name is declared once. */
import { isTest, type Complaint, type Repository } from "../repository.ts";

export function checkTypeNames(repository: Repository): Complaint[] {
  const first = new Map<string, string>();
  return repository.files.flatMap((file) =>
    isTest(file.path)
      ? []
      : file.exports.flatMap(({ name, line, isType, isReexport }) => {
          if (!isType || isReexport || !new RegExp(`^export (?:type|interface) ${name}\\b`, "m").test(file.text))
            return [];
          const other = first.get(name) ?? file.path;
          first.set(name, other);
          if (other === file.path) return [];
          return [
            {
              path: file.path,
              line,
              message: `declares the type ${name}, as ${other} does: take that one, or name this one for what it is`,
            },
          ];
        }),
  );
}
