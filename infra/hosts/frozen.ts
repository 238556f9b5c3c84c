/**
 * The file that says on a machine that a bench has frozen a server's container while it measures a neighbour, and which process of
 * which machine that is: the bench writes it, and `up` reads it.
 */
export const frozenMark = (workspace: string, container: string): string => `${workspace}/.frozen-${container}`;
