/* Labels of every container and network that a stack makes on a host. */

/** Whose it is: the id of its stack's provider, which no other stack and nobody else's state has. */
export const ID_LABEL = "org.lathe.id";
/** Its stack, for people: `PROJECT/STACK`. */
export const OWNER_LABEL = "org.lathe.owner";
/** Which server of that stack it is of: the name of its resource. */
export const SERVER_LABEL = "org.lathe.server";
