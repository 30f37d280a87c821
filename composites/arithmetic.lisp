(in-package :caten)
