;; Declares all of the address space as its first memory.
(module
  (memory 65536)
  (func (export "run") (result i32) (i32.const 1))
)
