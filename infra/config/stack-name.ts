/*
 * A stack is what Pulumi prints: `edge`, or with its organisation `acme/edge`. Its program, its config file and what is on its machine
 * know the last part alone.
 */

/** The last part of a stack's name. */
export function lastName(stack: string): string {
  return stack.slice(stack.lastIndexOf("/") + 1);
}

/** What Pulumi calls the organisation of backends that have none. */
const NO_ORGANISATION = "organization";

/** A stack's name for commands, from what its program is told: with the organisation, where there is one. */
export function fullName(organisation: string | undefined, stack: string): string {
  return organisation === undefined || ["", NO_ORGANISATION].includes(organisation)
    ? stack
    : `${organisation}/${stack}`;
}
