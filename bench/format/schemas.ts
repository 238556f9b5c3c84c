/** What the documents of `plan`, `bench`, `report`, `capacity` and `compare` call themselves. */
export const PLAN_SCHEMA = "lathe.plan/2";
export const REPORT_SCHEMA = "lathe.report/3";
export const CAPACITY_SCHEMA = "lathe.capacity/1";
export const COMPARE_SCHEMA = "lathe.compare/4";
