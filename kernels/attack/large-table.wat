;; Declares the largest table that the engine makes.
(module
  (table 10000000 funcref)
  (func (export "run") (result i32) (i32.const 1))
)
