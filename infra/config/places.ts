import { quote } from "../../lib/quote.ts";

/** How messages name what a config says, and the commands that change it. Paths are below the namespace: `servers[1].image`. */
export interface Places {
  of(path: string): string;
  /** The command that sets a value. */
  set(path: string, value: string): string;
  /** The command that takes it away. */
  remove(path: string): string;
}

/** Of a stack's own config. */
export const STACK: Places = {
  of: (path) => `lathe:${path}`,
  set: (path, value) => `npx lathe pulumi config set ${argument(path)} ${value}`,
  remove: (path) => `npx lathe pulumi config rm ${argument(path)}`,
};

/** Of a file with a role's defaults. */
export function inFile(file: string): Places {
  const edit = () => `edit ${file}`;
  return { of: (path) => `${file}: ${path}`, set: edit, remove: edit };
}

/** Of a map that stands at a path: `servers[1]`. */
export function within(places: Places, at: string): Places {
  return {
    of: (path) => places.of(`${at}.${path}`),
    set: (path, value) => places.set(`${at}.${path}`, value),
    remove: (path) => places.remove(`${at}.${path}`),
  };
}

/** What `pulumi config set` and `rm` take: a key, or the path of a value inside one. */
function argument(path: string): string {
  return `${/[.[]/.test(path) ? "--path " : ""}${quote(STACK.of(path))}`;
}
