export const arrayOf = (_: string) => "Float64Array" as const;
