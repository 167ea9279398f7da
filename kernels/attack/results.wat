;; Returns addresses as values: what they point at is made by the argument, and the manifest says what it should be.
(module
  (memory 1)
  ;; At 64 an object of 16 bytes of class 1, whose header stands in the 20 bytes before; its fields point at itself.
  (data (i32.const 56) "\01\00\00\00\10\00\00\00\40\00\00\00\40\00\00\00\40\00\00\00\40\00\00\00")
  ;; At 128 one of class 1 that claims 4 GiB.
  (data (i32.const 120) "\01\00\00\00\ff\ff\ff\ff\80\00\00\00\80\00\00\00\ff\ff\ff\ff\ff\ff\ff\ff")
  ;; At 192 one of class 1 whose buffer is right and whose elements lie elsewhere.
  (data (i32.const 184) "\01\00\00\00\10\00\00\00\c0\00\00\00\00\00\00\00\10\00\00\00\ff\ff\ff\7f")
  (func (export "as_string") (param i32) (result i32) (local.get 0))
  (func (export "as_floats") (param i32) (result i32) (local.get 0))
  (func (export "as_lists") (param i32) (result i32) (local.get 0))
  (func (export "as_object") (param i32) (result i32) (local.get 0))
  (func (export "as_number") (param i32) (result i64) (i64.const -1))
  (func (export "as_nothing") (param i32) (result i32) (i32.const 1))
  (func (export "pair") (param i32) (result i32 i32) (i32.const 1) (i32.const 2))
  (func (export "reference") (param i32) (result funcref) (ref.null func))
  (global $next (mut i32) (i32.const 1024))
  (func (export "__new") (param $bytes i32) (param $class i32) (result i32) (i32.const -4))
  (func (export "__pin") (param i32) (result i32) (local.get 0))
  (func (export "__unpin") (param i32))
  (func (export "__collect"))
  (global (export "__rtti_base") i32 (i32.const 65535))
  (func (export "takes_string") (param i32) (result i32) (local.get 0))
)
