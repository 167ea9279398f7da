;; Takes all the entries of tables that it can get.
(module
  (table $table 1 funcref)
  (table $any 1 externref)

  (func (export "grow")
    (loop $again
      (if (i32.eq (table.grow $table (ref.null func) (i32.const 65536)) (i32.const -1)) (then (unreachable)))
      (br $again)))

  (func (export "grow_any")
    (loop $again
      (if (i32.eq (table.grow $any (ref.null extern) (i32.const 65536)) (i32.const -1)) (then (unreachable)))
      (br $again)))

  (func (export "grow_for_ever")
    (loop $again (drop (table.grow $table (ref.null func) (i32.const 65536))) (br $again)))

  (func (export "fill")
    (drop (table.grow $table (ref.null func) (i32.const 1000)))
    (loop $again
      (table.fill $table (i32.const 0) (ref.null func) (table.size $table))
      (br $again)))
)
