;; A second memory, which a limit of the first would not hold.
(module
  (memory $first 1)
  (memory $second 65536)
  (func (export "run") (result i32) (memory.size $second))
)
