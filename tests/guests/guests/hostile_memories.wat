;; Allocates without end in five memories at once, each of which stays below any limit for a single one. Written by hand,
;; because no compiler spreads a program over several memories. Its one tool is `hog`.
(component
  (import "portcullis:tool/tool-types@0.1.0" (instance $types
    (type $blob' (record (field "media-type" string) (field "data" (list u8))))
    (export "blob" (type $blob (eq $blob')))
    (type $link' (record
      (field "uri" string) (field "name" (option string)) (field "media-type" (option string))))
    (export "resource-link" (type $link (eq $link')))
    (type $extension' (record (field "kind" string) (field "payload" string)))
    (export "extension" (type $extension (eq $extension')))
    (type $content' (variant
      (case "text" string) (case "blob" $blob) (case "link" $link) (case "other" $extension)))
    (export "content" (type $content (eq $content')))
    (type $streams' (flags "input" "output"))
    (export "streams" (type $streams (eq $streams')))
    (type $tool-definition' (record
      (field "name" string)
      (field "title" (option string))
      (field "description" string)
      (field "input-schema" string)
      (field "output-schema" (option string))
      (field "streams" $streams)
      (field "annotations" (list (tuple string string)))))
    (export "tool-definition" (type (eq $tool-definition')))
    (type $tool-call' (record
      (field "call-id" string)
      (field "name" string)
      (field "arguments" string)
      (field "attachments" (list $blob))
      (field "metadata" (list (tuple string string)))))
    (export "tool-call" (type (eq $tool-call')))
    (type $tool-output' (record (field "content" (list $content)) (field "structured" (option string))))
    (export "tool-output" (type (eq $tool-output')))
    (type $tool-error' (record
      (field "code" string) (field "message" string) (field "details" (option string)) (field "retryable" bool)))
    (export "tool-error" (type (eq $tool-error')))))
  (alias export $types "tool-definition" (type $tool-definition))
  (alias export $types "tool-call" (type $tool-call))
  (alias export $types "tool-output" (type $tool-output))
  (alias export $types "tool-error" (type $tool-error))

  ;; A memory that takes a mebibyte more each time, or traps.
  (core module $Hog
    (memory 1)
    (func (export "take")
      (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable))))
  (core instance $hog1 (instantiate $Hog))
  (core instance $hog2 (instantiate $Hog))
  (core instance $hog3 (instantiate $Hog))
  (core instance $hog4 (instantiate $Hog))

  (core module $Main
    (import "hog1" "take" (func $take1))
    (import "hog2" "take" (func $take2))
    (import "hog3" "take" (func $take3))
    (import "hog4" "take" (func $take4))
    (memory (export "memory") 1)
    ;; Arguments arrive on the second page, which is there for nothing else; they are read by nobody.
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (drop (memory.grow (i32.add (i32.div_u (local.get 3) (i32.const 65536)) (i32.const 1))))
      (i32.const 65536))
    ;; The list of one definition: its address and its length.
    (func (export "list-tools") (result i32) (i32.const 8))
    (func (export "call") (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      (loop $again
        (call $take1) (call $take2) (call $take3) (call $take4)
        (br $again))
      unreachable)
    (data (i32.const 8) "\10\00\00\00" "\01\00\00\00")
    (data (i32.const 16)
      "\80\00\00\00" "\03\00\00\00"               ;; name
      "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" ;; no title
      "\90\00\00\00" "\1a\00\00\00"               ;; description
      "\b0\00\00\00" "\11\00\00\00"               ;; input schema
      "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" ;; no output schema
      "\00\00\00\00"                               ;; not streaming
      "\00\00\00\00" "\00\00\00\00")               ;; no annotations
    (data (i32.const 0x80) "hog")
    (data (i32.const 0x90) "Takes all memory it finds.")
    (data (i32.const 0xb0) "{\22type\22:\22object\22}"))
  (core instance $main (instantiate $Main
    (with "hog1" (instance $hog1))
    (with "hog2" (instance $hog2))
    (with "hog3" (instance $hog3))
    (with "hog4" (instance $hog4))))

  (func $list-tools (result (list $tool-definition))
    (canon lift (core func $main "list-tools") (memory (core memory $main "memory")) (realloc (core func $main "realloc"))))
  (func $call (param "call" $tool-call) (result (result $tool-output (error $tool-error)))
    (canon lift (core func $main "call") (memory (core memory $main "memory")) (realloc (core func $main "realloc"))))
  (instance $sync-tools
    (export "list-tools" (func $list-tools))
    (export "call" (func $call)))
  (export "portcullis:tool/sync-tools@0.1.0" (instance $sync-tools)))
